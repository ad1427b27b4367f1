import { expect, test } from "vitest";
import { coco, csv, handJson, jsonLines, type Line } from "../src/core/formats";
import { GAUSSIAN } from "../src/core/uncertainty";
import { constants, golden } from "./golden";

const { lines, hands, rows } = golden.formats;
const PICTURE = { height: 130, width: 640 };

test("lines, COCO and CSV are what `likelihand predict` writes of pictures", () => {
  const mine = hands.map((h: object) => handJson({ ...h, radial: GAUSSIAN } as never, PICTURE, constants));
  expect(mine).toEqual(lines.flatMap((line: Line) => line.hands));
  expect(coco(lines, "", constants)).toEqual(golden.formats.coco);
  expect(
    jsonLines(lines)
      .trimEnd()
      .split("\n")
      .map((l) => JSON.parse(l)),
  ).toEqual(lines);
  expect(table(csv(lines, constants))).toEqual(rows.map(joined));
});

test("and of films", () => {
  const { lines: frames, coco: truth, rows: told } = golden.formats.film;
  expect(coco(frames, "clip", constants)).toEqual(truth);
  expect(table(csv(frames, constants))).toEqual(told.map(joined));
  const hand = { ...hands[0], radial: GAUSSIAN, track: 5, seen: false };
  expect(handJson(hand, PICTURE, constants)).toMatchObject({ track: 5, seen: false });
});

function table(text: string): string[] {
  return text.trimEnd().split("\r\n");
}

function joined(row: (string | number)[]): string {
  return row.map((v) => (String(v).includes('"') ? `"${String(v).replaceAll('"', '""')}"` : v)).join(",");
}
