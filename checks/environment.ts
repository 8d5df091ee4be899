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

const FOLDERS = ['.', '../serving/model'];
let digest: string | undefined;

/**
 * Digest of the sources that measure and judge, read once a process. The version alone would let what an older program found stand while it is being
 * worked on.
 */
export function programDigest(): string {
  if (digest !== undefined) return digest;
  const hash = createHash('sha256');
  for (const folder of FOLDERS.map((name) => join(import.meta.dirname, name)))
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
      if (/\.test\.[jt]s$/.test(file) || !/\.[jt]s$/.test(file)) continue;
      hash.update(file).update(readFileSync(join(folder, file)));
    }
  digest = hash.digest('hex');
  return digest;
}
