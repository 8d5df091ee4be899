import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { loansFiles, loansRevision } from '../daemon/loans.fixture.ts';
import type { FromReplica, RevisionOrder } from './messages.ts';
import { Replica } from './replica.ts';

it('loads what the second of two orders wants that come in one breath', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-replica-'));
  try {
    const target = loansRevision('1.0.0', 'v1_champion');
    const parsed = parseManifest(target.manifest, 'models/loans/model.yaml');
    if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
    const { specification } = parsed.loaded;
    const paths: Record<string, string> = {};
    for (const [uri, sha256] of Object.entries(target.files)) {
      paths[uri] = join(folder, sha256);
      await writeFile(join(folder, sha256), loansFiles().get(sha256) ?? new Uint8Array());
    }
    const order: RevisionOrder = {
      model: target.model,
      version: target.version,
      revision: target.revision,
      digest: `sha256:${specification.artifact.sha256}`,
      specification,
      paths,
      privateColumns: [],
      selfTests: target.selfTests,
    };
    const ready = new Promise<FromReplica>((resolve, reject) => {
      const replica = new Replica(
        {
          socket: join(folder, 'r.sock'),
          loopback: true,
          keepAliveMs: 1000,
          serverVersion: '0',
          speaksGrpc: false,
          grpcConnectionMs: Infinity,
          proves: false,
        },
        (message) => {
          if (message.kind !== 'revision' || message.state.kind === 'loading') return;
          replica.drain(0, 'cut').then(() => resolve(message), reject);
        },
      );
      replica.order(1, [], []);
      replica.order(2, [order], []);
    });
    expect(await ready).toMatchObject({ state: { kind: 'ready' } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
