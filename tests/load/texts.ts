// COLMAP models as the text files that COLMAP writes of them.

import { join } from "@std/path";
import type { ColmapModel } from "../../load/colmap_model.ts";

/** The three files by name. */
export function colmapTexts(model: ColmapModel): Record<"cameras.txt" | "images.txt" | "points3D.txt", string> {
  const cameras = [...model.cameras.values()].map((camera) =>
    [camera.id, camera.model, camera.width, camera.height, ...camera.params].join(" ")
  );
  const images = model.images.map(({ id, quaternion, translation, cameraId, name }) =>
    `${[id, ...quaternion, ...translation, cameraId].join(" ")} ${name}\n1.5 2.5 -1 3.5 4.5 18446744073709551615`
  );
  const { count, positions, colors } = model.points;
  const points = Array.from(
    { length: count },
    (_, i) => [i + 1, ...positions.slice(3 * i, 3 * i + 3), ...colors.slice(3 * i, 3 * i + 3), 0.5, 1, 0].join(" "),
  );
  const file = (title: string, lines: string[]) => `# ${title}\n# Number: ${lines.length}\n${lines.join("\n")}\n`;
  return {
    "cameras.txt": file("Camera list", cameras),
    "images.txt": file("Image list", images),
    "points3D.txt": file("3D point list", points),
  };
}

/** Writes the three files into a folder, which is made if need be. */
export async function writeColmapTexts(folder: string, model: ColmapModel): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(colmapTexts(model))) await Deno.writeTextFile(join(folder, name), text);
}
