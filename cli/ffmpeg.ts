// Encodes videos from numbered PNG files with the installed ffmpeg.

import { join } from "@std/path";
import { temporaryPath } from "../base/atomic.ts";
import { environment } from "../base/environment.ts";
import { statOrUndefined } from "../load/files.ts";

/** Formats of a video. */
export type VideoFormat = "mp4" | "webm";

/** Encoder options: H.264 and VP9, visually lossless. */
const CODECS: Record<VideoFormat, string[]> = {
  mp4: ["-c:v", "libx264", "-crf", "17", "-preset", "medium", "-movflags", "+faststart"],
  webm: ["-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1"],
};

/** Players need even sizes, and 4:2:0 chroma. */
const PIXELS = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"];

/** Path of ffmpeg on PATH, if there is one. */
export async function findFfmpeg(): Promise<string | undefined> {
  for (const folder of (environment("PATH") ?? "").split(":").filter((folder) => folder !== "")) {
    const path = join(folder, "ffmpeg");
    if ((await statOrUndefined(path))?.isFile) return path;
  }
  return undefined;
}

/**
 * Encodes the images 00000.png, 00001.png and so on of a folder as a video. The file appears when it is complete.
 * Throws an error with ffmpeg's last line when it fails.
 */
export async function makeVideo(
  ffmpeg: string,
  video: { images: string; path: string; format: VideoFormat; fps: number },
): Promise<void> {
  const { images, path, format, fps } = video;
  const temporary = temporaryPath(path);
  try {
    const input = ["-framerate", `${fps}`, "-f", "image2", "-pattern_type", "sequence", "-i", framePattern(images)];
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
      throw new Error(
        `ffmpeg failed to encode the video: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`,
      );
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // report the first error
    throw error;
  }
}

/** The images of a folder as ffmpeg's pattern; a percent sign in the folder's path is not part of it. */
export function framePattern(images: string): string {
  return join(images.replaceAll("%", "%%"), "%05d.png");
}
