// A program that stands for COLMAP: a shell script with the help texts of an old or a new version, which writes models
// that were made beforehand. Each call is a line of the file `calls` beside it; the database and its journal have a line
// for each command that has used them.

import { dirname, join } from "@std/path";
import { writeColmap } from "../../export/colmap.ts";
import type { ColmapModel } from "../../load/colmap_model.ts";

/** A version of COLMAP: what its help says. */
interface Version {
  title: string;
  /** Options by command. */
  options: Record<string, string[]>;
}

const COMMON = {
  mapper: ["database_path", "image_path", "output_path", "Mapper.ba_global_function_tolerance"],
  image_undistorter: ["image_path", "input_path", "output_path", "output_type"],
};
const READER = [
  "database_path",
  "image_path",
  "image_list_path",
  "ImageReader.camera_model",
  "ImageReader.single_camera",
];

/** COLMAP 3.13 renamed the options of the GPU (https://github.com/colmap/colmap/pull/3465). */
export const VERSIONS: Record<"old" | "new", Version> = {
  old: {
    title: "COLMAP 3.8 -- Structure-from-Motion and Multi-View Stereo\n  (Commit Unknown on Unknown without CUDA)",
    options: {
      ...COMMON,
      feature_extractor: [...READER, "SiftExtraction.use_gpu"],
      exhaustive_matcher: ["database_path", "SiftMatching.use_gpu"],
      sequential_matcher: ["database_path", "SiftMatching.use_gpu"],
    },
  },
  new: {
    title: "COLMAP 4.0.0 -- Structure-from-Motion and Multi-View Stereo\n(Commit 0123abc on 2026-01-01 with CUDA)",
    options: {
      ...COMMON,
      feature_extractor: [...READER, "FeatureExtraction.use_gpu", "SiftExtraction.max_num_features"],
      exhaustive_matcher: ["database_path", "FeatureMatching.use_gpu", "SiftMatching.max_ratio"],
      sequential_matcher: ["database_path", "FeatureMatching.use_gpu"],
    },
  },
};

/** Writes the program into a folder; the mapper writes the models, in this order. Returns its path. */
export async function writeFakeColmap(folder: string, version: Version, models: ColmapModel[]): Promise<string> {
  const program = join(folder, "bin", "colmap");
  const made = join(folder, "made");
  await Deno.mkdir(dirname(program), { recursive: true });
  await Deno.mkdir(made, { recursive: true });
  for (const [i, model] of models.entries()) {
    await writeColmap(join(made, `${i}`), model);
    await Deno.writeTextFile(join(made, `${i}`, "names.txt"), model.images.map(({ name }) => `${name}\n`).join(""));
  }
  const help = Object.entries(version.options).map(([command, options]) =>
    `"${command} -h") echo "Options can either be specified via command-line or by defining"
${options.map((name) => `echo "  --${name} arg (=1)"`).join("\n")}; exit 1 ;;`
  );
  // FAKE_FAILS names a command that fails, FAKE_HANGS one that never ends.
  await Deno.writeTextFile(
    program,
    `#!/bin/sh
case "$1 $2" in
"help ") echo "${version.title}"; exit 0 ;;
${help.join("\n")}
esac
echo "$*" >> "${join(folder, "calls")}"
command=$1; shift
while [ $# -gt 0 ]; do
  case $1 in
  --database_path) database=$2 ;;
  --image_path) images=$2 ;;
  --input_path) input=$2 ;;
  --output_path) output=$2 ;;
  esac
  shift 2
done
if [ -n "$database" ]; then echo "$command" | tee -a "$database" >> "$database-wal"; fi
if [ "$FAKE_HANGS" = "$command" ]; then echo $$ > "${join(folder, "pid")}"; exec sleep 600; fi
if [ "$FAKE_FAILS" = "$command" ]; then echo "some context"; echo "F0101 the reason" >&2; exit 3; fi
case $command in
feature_extractor) echo "Processed file [1/4]"; echo "Processed file [4/4]" >&2 ;;
mapper) cp -r "${made}"/. "$output" ;;
image_undistorter)
  mkdir -p "$output/images" "$output/sparse" "$output/stereo/depth_maps"
  echo "a script" > "$output/run-colmap-geometric.sh"
  cp "$input"/*.bin "$output/sparse"
  while read -r name; do
    mkdir -p "$(dirname "$output/images/$name")"
    cp "$images/$name" "$output/images/$name"
    echo "Undistorting image [1/4]"
  done < "$input/names.txt" ;;
esac
`,
    { mode: 0o755 },
  );
  return program;
}

/** The calls of the program in a folder, without those for help. */
export async function callsOf(folder: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(join(folder, "calls"))).trimEnd().split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
