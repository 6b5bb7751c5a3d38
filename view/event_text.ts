// The lines of the page's log.

import type { TrainEvent } from "../train/events.ts";

const WHOLE = new Intl.NumberFormat("en", { useGrouping: true });

/** One line about an event; undefined for events that the page shows in another way. */
export function describeEvent(event: TrainEvent): string | undefined {
  switch (event.type) {
    case "plan":
      return `${number(event.gaussians.count)} Gaussians at the start, ${number(event.target)} wanted, ` +
        `${event.densification.length} densification events`;
    case "iterations":
      return `${number(event.iterations)} iterations fill --max_seconds ${event.timePlan.maxSeconds}`;
    case "densify":
      return `−${number(event.pruned)} +${number(event.cloned + event.split)} → ${number(event.count)} Gaussians`;
    case "evaluate":
      return `${event.set === "test" ? "Held-out" : "Training"} views: PSNR ${event.psnr.toFixed(2)} dB, ` +
        `SSIM ${event.ssim.toFixed(4)} (${event.views} ${event.views === 1 ? "view" : "views"})`;
    case "save":
      return `${event.ending === undefined ? "Saved" : "Last save"}: ${number(event.gaussians.count)} Gaussians`;
    case "checkpoint":
      return "Checkpoint";
    case "pause":
      return "Paused";
    case "resume":
      return "Resumed";
    case "warning":
      return event.message;
    case "done":
      return event.result.aborted ? "Stopped" : event.result.timedOut ? "Stopped by --max_seconds" : "Finished";
    default:
      return undefined;
  }
}

function number(value: number): string {
  return WHOLE.format(value);
}
