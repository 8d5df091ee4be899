import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { CheckName, Judgement } from './check.ts';
import { programDigest } from './environment.ts';
import { prune } from './evidence/evidence-cache.ts';
import { readIfThere, writeWhole } from './evidence/resolve-file.ts';
import type { SentEvidence } from './judge-in-worker.ts';

/** What one check said of the same evidence before, and where to keep what it says now. */
export interface JudgementCache {
  read(check: CheckName): Promise<Judgement | undefined>;
  write(check: CheckName, judgement: Judgement): Promise<void>;
}

/** Checks that read what changes without a commit: approvals, rollouts, the day. A review makes nobody else judge again. */
const ASK_PEOPLE: ReadonlySet<CheckName> = new Set(['compliance', 'readiness']);

/** Files kept: twelve a model and state. */
const KEPT = 3000;

/**
 * Judgements by content: the measured parts' digest, everything else that the evidence says, and this program's sources. Judging is pure, so the same
 * key has the same answer; waivers, the policy's required checks and the time are laid over it afterwards.
 */
export function judgementCache(cacheFolder: string, measured: string, sent: SentEvidence): JudgementCache {
  const digestOf = (told: SentEvidence): string =>
    createHash('sha256').update(measured).update(programDigest()).update(textWithoutData(told)).digest('hex');
  const { governance: _, today: __, ...lasting } = sent.evidence;
  const digests = { withPeople: digestOf(sent), without: digestOf({ ...sent, evidence: lasting }) };
  const fileOf = (check: CheckName): string => {
    const said = ASK_PEOPLE.has(check) ? digests.withPeople : digests.without;
    return join(cacheFolder, 'judgements', `${said.slice(0, 40)}-${check}.bin`);
  };
  return {
    read: async (check) => {
      const bytes = await readIfThere(fileOf(check));
      return bytes === undefined ? undefined : (deserialize(bytes) as Judgement);
    },
    write: async (check, judgement) => {
      const file = fileOf(check);
      await writeWhole(file, serialize(judgement));
      await prune(dirname(file), KEPT);
    },
  };
}

/** Numbers by the million are told apart by the measured parts' digest; what is left is small. */
function textWithoutData(sent: SentEvidence): string {
  return JSON.stringify(sent, (_, value: unknown) => {
    if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
    return value instanceof Map ? [...value.keys()] : value;
  });
}
