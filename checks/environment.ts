import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { runtimeVersion } from '../serving/model/session.ts';
import type { Report } from './report/report.ts';

/** This program's version, from the package.json that it lies under. */
export function slipwayVersion(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const read = packageAt(folder);
    if (read?.name === 'slipway') return read.version;
  }
  return 'unknown';
}

function packageAt(folder: string): { readonly name: string; readonly version: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    // Most folders have none.
    return undefined;
  }
}

/** Where a verdict was reached: another machine may round otherwise. */
export function environmentOf(isolation: Report['environment']['isolation']): Report['environment'] {
  return {
    slipway: slipwayVersion(),
    node: process.version,
    onnxruntime: runtimeVersion(),
    cpu: cpus()[0]?.model.trim() ?? process.arch,
    isolation,
  };
}

const MEASURING_FOLDERS = ['../serving/model', 'data', 'evidence'];

/**
 * Digest of the sources that measure. The version alone would let evidence of an older program stand while it is being
 * worked on; reading forty small files costs a millisecond or two.
 */
export function programDigest(): string {
  const hash = createHash('sha256');
  for (const folder of MEASURING_FOLDERS.map((name) => join(import.meta.dirname, name)))
    for (const file of readdirSync(folder).toSorted()) {
      if (/\.test\.[jt]s$/.test(file) || !/\.[jt]s$/.test(file)) continue;
      hash.update(file).update(readFileSync(join(folder, file)));
    }
  return hash.digest('hex');
}
