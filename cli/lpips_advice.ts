// How to get LPIPS weights, where they are missed. docs/lpips.md has the same commands.

/** What fetches the two published files of VGG's weights with Python, converts them, and names the result. */
export const LPIPS_COMMANDS: readonly string[] = [
  "python3 -m pip install torchvision lpips",
  `python3 -c 'import torchvision; torchvision.models.vgg16(weights="IMAGENET1K_V1")'`,
  `BACKBONE=$(python3 -c 'import torch; print(torch.hub.get_dir())')/checkpoints/vgg16-397923af.pth`,
  `LINEAR=$(python3 -c 'import lpips; print(lpips.__path__[0])')/weights/v0.1/vgg.pth`,
  `deno task convert lpips --backbone "$BACKBONE" --linear "$LINEAR" -o lpips_vgg.bin`,
  `export TAME_LPIPS="$PWD/lpips_vgg.bin"`,
];

/** The commands after a sentence. */
export const LPIPS_ADVICE = `These commands get the weights, once; docs/lpips.md says more:\n${
  LPIPS_COMMANDS.map((command) => `  ${command}`).join("\n")
}`;
