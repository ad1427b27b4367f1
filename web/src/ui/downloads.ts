// Results as files.

import type { Constants } from "../core/constants";
import { coco, csv, jsonLines, type Line } from "../core/formats";

export type Format = "jsonl" | "csv" | "coco" | "png";

/** Save what was found, or the overlay picture, under the name that `likelihand predict` uses. */
export async function download(
  format: Format,
  lines: readonly Line[],
  name: string,
  canvas: HTMLCanvasElement,
  constants: Constants,
): Promise<void> {
  if (format === "png") {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (blob) save(blob, "overlay.png");
    return;
  }
  const [text, file, type] = {
    jsonl: () => [jsonLines(lines), "predictions.jsonl", "application/jsonl"],
    csv: () => [csv(lines, constants), "predictions.csv", "text/csv"],
    coco: () => [JSON.stringify(coco(lines, name, constants)), "predictions.json", "application/json"],
  }[format]() as [string, string, string];
  save(new Blob([text], { type }), file);
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
