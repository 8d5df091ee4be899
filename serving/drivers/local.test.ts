import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loansRevision, loansFiles } from '../daemon/loans.fixture.ts';
import { startFleet } from '../start-fleet.ts';
import { fleetDriverContract } from './contract.ts';
import { localDriver } from './local.ts';

const first = loansRevision('1.0.0', 'v1_champion');
const second = loansRevision('2.0.0', 'v2_better');

fleetDriverContract('local', { model: 'loans', first, second, files: loansFiles() }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-local-'));
  const fleet = await startFleet({ folder, port: 0, adminPort: 0 });
  const look = AbortSignal.timeout(60_000);
  return {
    driver: localDriver({ adminUrl: fleet.adminUrl }),
    pass: (ms) => sleep(ms),
    until: async (holds, what) => {
      while (!(await holds())) {
        if (look.aborted) throw new Error(`never true: ${what}`);
        await sleep(20);
      }
    },
    close: async () => {
      await fleet.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
