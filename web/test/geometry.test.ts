import { expect, test } from "vitest";
import { type Box, cropMatrix, invert, type Matrix, magnification, multiply } from "../src/core/geometry";
import { warpImage } from "../src/core/warp";
import { bytes, farthest, golden, picture } from "./golden";

test("crop matrices and their inverses are Python's", () => {
  for (const c of golden.crops) {
    const [height, width] = c.size;
    const matrix = cropMatrix(c.box as Box, { height, width }, c.padding, c.radians, c.flip);
    expect(farthest([...matrix], c.matrix)).toBeLessThan(1e-9);
    expect(farthest([...invert(matrix)], c.inverse)).toBeLessThan(1e-9);
    expect(farthest([...multiply(matrix, invert(matrix))], [1, 0, 0, 0, 1, 0])).toBeLessThan(1e-9);
  }
});

test("a box without area has no crop", () => {
  expect(() => cropMatrix([1, 1, 1, 5], { height: 8, width: 8 }, 1)).toThrow("is empty");
  expect(() => invert([1, 1, 0, 1, 1, 0])).toThrow("no inverse");
  expect(magnification([0, 2, 0, 2, 0, 0])).toBe(2);
});

test("warped crops are OpenCV's, but for the rounding of halves", () => {
  const image = picture(golden.warps);
  for (const c of golden.warps.cases) {
    const [height, width] = c.size;
    const mine = warpImage(image, c.matrix as Matrix, { height, width });
    const theirs = bytes(c.rgb);
    const off = mine.filter((v, i) => v !== theirs[i]).length;
    expect(farthest([...mine], [...theirs])).toBeLessThanOrEqual(1);
    expect(off / mine.length).toBeLessThan(0.0005);
  }
});
