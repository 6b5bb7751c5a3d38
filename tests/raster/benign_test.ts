// rasterize() and its backward pass against the float64 oracle on scenes where float32 must agree closely.
import { assert } from "@std/assert";
import { deviceTest } from "../support/device.ts";
import { BENIGN_CASES } from "./benign_cases.ts";
import {
  assertGradientsAgree,
  assertImagesAgree,
  assertRadiiAgree,
  BENIGN_ERROR,
  randomUpstream,
  rasterizePair,
} from "./compare.ts";

for (const { name, scene, holds } of BENIGN_CASES) {
  deviceTest(`rasterize() agrees with the oracle when there are: ${name}`, (device) => {
    const pair = rasterizePair(device, name, scene());
    using ours = pair.ours;
    assert(holds?.(pair.reference) ?? true, `The scene does not show: ${name}`);
    assertImagesAgree(pair, { max: BENIGN_ERROR });
    assertRadiiAgree(pair);
    const { dImage, dAlpha } = randomUpstream(pair, 1);
    assertGradientsAgree(name, ours.backward(dImage), pair.reference.backward(dImage));
    assertGradientsAgree(
      `${name}, with dAlpha`,
      ours.backward(dImage, dAlpha),
      pair.reference.backward(dImage, dAlpha),
    );
  });
}

deviceTest("Rasterization.backward() backpropagates only dAlpha when dImage is zero", (device) => {
  const pair = rasterizePair(device, "dAlpha alone", BENIGN_CASES[1].scene());
  using ours = pair.ours;
  const { dImage, dAlpha } = randomUpstream(pair, 2);
  dImage.fill(0);
  const gradients = ours.backward(dImage, dAlpha);
  assert(gradients.sh.every((value) => value === 0));
  assertGradientsAgree(pair.name, gradients, pair.reference.backward(dImage, dAlpha));
});
