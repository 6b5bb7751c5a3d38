// Videos from numbered PNG files, by the ffmpeg that is installed.

import { join } from "@std/path";
import { environment } from "../base/environment.ts";
import { statOrUndefined } from "../load/files.ts";

/** Formats of a video. */
export type VideoFormat = "mp4" | "webm";

/** What makes each: H.264 and VP9 at a quality at which frames look like their images. */
const CODECS: Record<VideoFormat, string[]> = {
  mp4: ["-c:v", "libx264", "-crf", "17", "-preset", "medium", "-movflags", "+faststart"],
  webm: ["-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1"],
};

/** Players want even sides, and colours at half their size. */
const PIXELS = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"];

/** Where ffmpeg is on PATH, if it is there. */
export async function findFfmpeg(): Promise<string | undefined> {
  for (const folder of (environment("PATH") ?? "").split(":").filter((folder) => folder !== "")) {
    const path = join(folder, "ffmpeg");
    if ((await statOrUndefined(path))?.isFile) return path;
  }
  return undefined;
}

/**
 * Makes a video of the images 00000.png, 00001.png and so on of a folder. It appears under its name when it is
 * complete. Throws an error with what ffmpeg said last when it fails.
 */
export async function makeVideo(
  ffmpeg: string,
  video: { images: string; path: string; format: VideoFormat; fps: number },
): Promise<void> {
  const { images, path, format, fps } = video;
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    const input = ["-framerate", `${fps}`, "-i", join(images, "%05d.png")];
    const { success, stderr } = await new Deno.Command(ffmpeg, {
      args: [
        "-hide_banner",
        "-loglevel",
        "error",
        "-y",
        ...input,
        ...CODECS[format],
        ...PIXELS,
        "-f",
        format,
        temporary,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) {
      throw new Error(`ffmpeg made no video: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}
