import { expect, test } from "vitest";
import { coco, csv, type HandJson, handJson, jsonLines, type Line } from "../src/core/formats";
import { GAUSSIAN } from "../src/core/uncertainty";
import { constants, golden } from "./golden";

const { lines, hands, rows } = golden.formats;
const PICTURE = { height: 130, width: 640 };

test("lines, COCO and CSV are what `likelihand predict` writes", () => {
  const mine = hands.map((h: object) => handJson({ ...h, radial: GAUSSIAN } as never, PICTURE, constants));
  const theirs = lines
    .flatMap((line: Line) => line.hands)
    .map(({ track: _, seen: __, ...rest }: HandJson) => rest);
  expect(mine).toEqual(theirs);
  expect(coco(lines, constants)).toEqual(golden.formats.coco);
  expect(
    jsonLines(lines)
      .trimEnd()
      .split("\n")
      .map((l) => JSON.parse(l)),
  ).toEqual(lines);
  const table = csv(lines.slice(0, 2), constants).trimEnd().split("\r\n");
  expect(table.length).toBe(rows.length);
  expect(table[0]).toBe(rows[0].join(","));
  expect(table[1]).toBe(['"a, ""b"".jpg"', ...rows[1].slice(1)].join(","));
});

test("a tracked hand keeps its number", () => {
  const hand = { ...hands[0], radial: GAUSSIAN, track: 5, seen: false };
  expect(handJson(hand, PICTURE, constants)).toMatchObject({ track: 5, seen: false });
});
