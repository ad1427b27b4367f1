// From pixels to a network's input: the counterpart of geometry.warp_image.

import {
  invert,
  type Matrix,
  magnification,
  multiply,
  type Point,
  type Size,
  scaling,
  transformPoint,
  translation,
} from "./geometry";

/** Pixels as a canvas holds them: RGBA, row by row. */
export interface Picture extends Size {
  readonly data: Uint8ClampedArray | Uint8Array;
}

const CHANNELS = 4;

/**
 * Resample a picture through an affine matrix.
 *
 * Bilinear, black outside; where the matrix shrinks by two or more the picture is first averaged over whole pixels.
 *
 * @returns RGB bytes of the crop, row by row.
 */
export function warpImage(image: Picture, destinationFromSource: Matrix, size: Size): Uint8Array {
  const out = new Uint8ClampedArray(size.height * size.width * 3);
  warpInto(out, 0, image, destinationFromSource, size);
  return new Uint8Array(out.buffer);
}

/** Write a warped picture's RGB bytes into `out`, from `offset` on; a clamped array rounds, halves to even, as OpenCV. */
export function warpInto(
  out: Uint8ClampedArray,
  offset: number,
  image: Picture,
  matrix: Matrix,
  size: Size,
): void {
  const shrink = Math.trunc(1 / Math.max(magnification(matrix), 1e-6));
  if (shrink >= 2) [image, matrix] = averaged(image, matrix, size, shrink);
  const [a, b, u, c, d, v] = invert(matrix);
  const { data, width, height } = image;
  let at = offset;
  for (let row = 0; row < size.height; row++) {
    // The centre of a pixel lies half a pixel from its corner, in the crop and in the picture alike.
    const startX = a * 0.5 + b * (row + 0.5) + u - 0.5;
    const startY = c * 0.5 + d * (row + 0.5) + v - 0.5;
    for (let column = 0; column < size.width; column++, at += 3) {
      const x = startX + a * column;
      const y = startY + c * column;
      const left = Math.floor(x);
      const top = Math.floor(y);
      if (left < -1 || top < -1 || left >= width || top >= height) continue;
      const fx = x - left;
      const fy = y - top;
      if (left >= 0 && top >= 0 && left + 1 < width && top + 1 < height) {
        const p = (top * width + left) * CHANNELS;
        const q = p + width * CHANNELS;
        for (let k = 0; k < 3; k++) {
          const upper = data[p + k]! + fx * (data[p + CHANNELS + k]! - data[p + k]!);
          const lower = data[q + k]! + fx * (data[q + CHANNELS + k]! - data[q + k]!);
          out[at + k] = upper + fy * (lower - upper);
        }
      } else {
        for (let k = 0; k < 3; k++) out[at + k] = nearEdge(image, left, top, fx, fy, k);
      }
    }
  }
}

function nearEdge(image: Picture, left: number, top: number, fx: number, fy: number, channel: number): number {
  const { data, width, height } = image;
  const value = (y: number, x: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : data[(y * width + x) * CHANNELS + channel]!;
  const upper = value(top, left) * (1 - fx) + value(top, left + 1) * fx;
  const lower = value(top + 1, left) * (1 - fx) + value(top + 1, left + 1) * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Average the part of a picture that is looked at over shrink x shrink pixels. */
function averaged(image: Picture, matrix: Matrix, size: Size, shrink: number): [Picture, Matrix] {
  const back = invert(matrix);
  const corners: Point[] = [
    [0, 0],
    [size.width, 0],
    [0, size.height],
    [size.width, size.height],
  ].map(([x, y]) => transformPoint(back, [x!, y!]));
  const within = (value: number, most: number): number => Math.trunc(Math.min(Math.max(value, 0), most));
  const xs = corners.map((p) => p[0]);
  const ys = corners.map((p) => p[1]);
  const top = within(Math.min(...ys) - 2 * shrink, image.height);
  const bottom = within(Math.max(...ys) + 2 * shrink, image.height);
  const left = within(Math.min(...xs) - 2 * shrink, image.width);
  const right = within(Math.max(...xs) + 2 * shrink, image.width);
  if (bottom <= top || right <= left) return [image, matrix];
  const down = Math.min(shrink, bottom - top);
  const across = Math.min(shrink, right - left);
  const small = blocks(
    image,
    top,
    left,
    Math.ceil((bottom - top) / down),
    Math.ceil((right - left) / across),
    down,
    across,
  );
  return [small, multiply(multiply(matrix, translation(left, top)), scaling(across, down))];
}

/** Average blocks of down x across pixels; beyond the picture its last row and column are repeated. */
function blocks(
  image: Picture,
  top: number,
  left: number,
  rows: number,
  columns: number,
  down: number,
  across: number,
): Picture {
  const { data, width, height } = image;
  const small = new Uint8ClampedArray(rows * columns * CHANNELS);
  const sums = new Float64Array(columns * 3);
  const area = down * across;
  const halves = down === 2 && across === 2 ? 1e-3 : 0; // of 2 x 2 pixels OpenCV rounds halves up
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let dy = 0; dy < down; dy++) {
      const line = Math.min(top + row * down + dy, height - 1) * width;
      for (let column = 0; column < columns; column++) {
        const sum = column * 3;
        for (let dx = 0; dx < across; dx++) {
          const p = (line + Math.min(left + column * across + dx, width - 1)) * CHANNELS;
          sums[sum] += data[p]!;
          sums[sum + 1] += data[p + 1]!;
          sums[sum + 2] += data[p + 2]!;
        }
      }
    }
    for (let column = 0; column < columns; column++) {
      const p = (row * columns + column) * CHANNELS;
      for (let k = 0; k < 3; k++) small[p + k] = sums[column * 3 + k]! / area + halves;
    }
  }
  return { data: small, width: columns, height: rows };
}
