// What a model file says of itself: the counterpart of likelihand/inference/metadata.py.

import type { Size } from "./geometry";
import { Calibration, type CalibrationJson } from "./uncertainty";

export interface Metadata {
  readonly name: string;
  readonly kind: string;
  readonly size: Size;
  readonly padding: number;
  readonly outputs: readonly string[];
  readonly keypoints: readonly string[];
  readonly threshold: number;
  readonly licence: string;
  readonly calibrations: readonly Required<CalibrationJson>[];
}

const KEY = "likelihand";
const METADATA_PROPS = 14; // field of onnx.ModelProto

/** Read the metadata of an ONNX file's bytes. */
export function readMetadata(file: Uint8Array): Metadata {
  const text = metadataProps(file).get(KEY);
  if (text === undefined)
    throw new Error("the model carries no likelihand metadata; use a file of `likelihand export`");
  const json = JSON.parse(text);
  if (json.format !== "likelihand-model" || json.version !== 1) {
    throw new Error(`the model's metadata is ${json.format} ${json.version}, expected likelihand-model 1`);
  }
  const [height, width] = json.size;
  return { ...json, size: { height, width }, calibrations: calibrationsOf(json.calibrations ?? json.calibration) };
}

type Json = CalibrationJson | Record<string, Record<string, CalibrationJson>> | null | undefined;

/** Read a file's calibrations: by kind of pictures and number of looks, or the one of an older file. */
export function calibrationsOf(json: Json): Required<CalibrationJson>[] {
  if (!json) return [];
  const whole = (entry: CalibrationJson): Required<CalibrationJson> => {
    return { name: "rendered", looks: 1, factor: 1, added: 0, edge_hand: 0, edge_keypoint: 0, ...entry };
  };
  if ("levels" in json) return [whole(json as CalibrationJson)];
  return Object.values(json as Record<string, Record<string, CalibrationJson>>)
    .flatMap((byLooks) => Object.values(byLooks))
    .map(whole);
}

/** Return the kinds of pictures that a model is calibrated for, the one that is taken by default first. */
export function calibrationNames(metadata: Metadata): string[] {
  const names = [...new Set(metadata.calibrations.map((c) => c.name))];
  const rank = (name: string): number => ["photos", "rendered"].indexOf(name) >>> 0;
  return names.sort((a, b) => rank(a) - rank(b));
}

/**
 * Return the calibration for a kind of pictures and a number of looks; null where there is none.
 *
 * The one for the most looks below stands in for one that is not there.
 */
export function chooseCalibration(
  metadata: Metadata,
  name: string | null,
  looks: number,
  narrowest: number,
): Calibration | null {
  const wanted = name ?? calibrationNames(metadata)[0];
  const able = metadata.calibrations.filter((c) => c.name === wanted && c.looks <= looks);
  const best = able.sort((a, b) => b.looks - a.looks)[0];
  return best ? new Calibration(best, narrowest) : null;
}

/** Read `metadata_props` out of a serialized ModelProto. */
export function metadataProps(file: Uint8Array): Map<string, string> {
  const found = new Map<string, string>();
  for (const field of fields(file)) {
    if (field.number !== METADATA_PROPS) continue;
    const [key, value] = [1, 2].map((n) => fields(field.bytes).find((f) => f.number === n)?.bytes);
    const decoder = new TextDecoder();
    if (key) found.set(decoder.decode(key), value ? decoder.decode(value) : "");
  }
  return found;
}

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Split a protobuf message into its length-delimited fields (wire type 2); others are passed over. */
function fields(message: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (; at < message.length; factor *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Error("the model file is cut off; copy it again");
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag % 8;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      if (at + length > message.length) throw new Error("the model file is cut off; copy it again");
      found.push({ number: Math.floor(tag / 8), bytes: message.subarray(at, at + length) });
      at += length;
    } else throw new Error("the model is not a readable ONNX file");
  }
  return found;
}
