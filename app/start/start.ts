import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { followLiveRollouts } from './follow-live-rollouts.ts';
import { startStage, type Stage } from './stage.ts';
import {
  judgeProposals,
  openingChapter,
  openProposals,
  seconds,
  type StoryFigures,
  type Teller,
  tellStory,
} from './story.ts';

/** `npm start`: the main job on this machine. With `-- --demo` the whole story, unattended. */
const usage = `Usage: npm start -- [--demo] [--port N] [--data DIR]

  --demo      plays the whole story unattended; exit status 0 when it ended as told
  --port N    port of the dashboard and the webhooks (default 3000, or a free one when it is taken)
  --data DIR  keeps state there (default: a temporary folder that is removed)`;

const teller: Teller = {
  say: (line) => process.stdout.write(`  ${line}\n`),
  chapter: (title) => process.stdout.write(`\n${title}\n`),
};

async function main(): Promise<number> {
  const options = parse();
  if (typeof options === 'number') return options;
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
  const folder = options.data === undefined ? await mkdtemp(join(tmpdir(), 'slipway-')) : resolve(options.data);
  await mkdir(folder, { recursive: true });
  let stage: Stage | undefined;
  try {
    const startedAt = Date.now();
    stage = await startStage(
      { folder, ...(options.port === undefined ? {} : { port: options.port }) },
      interrupted.signal,
    );
    whereToLook(stage);
    if (options.demo) {
      summarise(await tellStory(stage, teller, interrupted.signal), Date.now() - startedAt, stage);
      return 0;
    }
    await play(stage, interrupted.signal);
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return options.demo ? 130 : 0;
    process.stderr.write(`\n${told(error)}\n`);
    if (stage !== undefined) process.stderr.write(`Logs: ${stage.app.logFile}, ${stage.fleet.logFile}\n`);
    return 1;
  } finally {
    process.stdout.write('\nStopping …\n');
    await stage?.stop();
    if (options.data === undefined) await rm(folder, { recursive: true, force: true });
    process.stdout.write('Everything has stopped.\n');
  }
}

function parse(): { readonly demo: boolean; readonly port?: number; readonly data?: string } | number {
  try {
    const { values } = parseArgs({
      options: {
        demo: { type: 'boolean' },
        port: { type: 'string' },
        data: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) {
      process.stdout.write(`${usage}\n`);
      return 0;
    }
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
      process.stderr.write(
        `--port is ${JSON.stringify(values.port)}; expected a whole number from 0 to 65535\n\n${usage}\n`,
      );
      return 64;
    }
    return {
      demo: values.demo === true,
      ...(port === undefined ? {} : { port }),
      ...(values.data === undefined ? {} : { data: values.data }),
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
    return 64;
  }
}

function whereToLook(stage: Stage): void {
  teller.chapter('Slipway is running on this machine');
  teller.say(`GitHub stand-in   ${stage.github.url}/acme/models`);
  teller.say(`Dashboard         ${stage.app.url}/fleet`);
  teller.say(`Fleet             ${stage.fleet.url}/v2  (predictions, /metrics)`);
}

/** Everything up to the verdicts, and then it is the reader's turn, until Ctrl-C. */
async function play(stage: Stage, signal: AbortSignal): Promise<void> {
  const again = await hasProposals(stage);
  if (again) {
    teller.say('The story goes on where it was.');
  } else {
    await openingChapter(stage, teller, signal);
    await judgeProposals(stage, teller, await openProposals(stage, teller, signal), signal);
  }
  whatToTry(stage);
  await followLiveRollouts(stage, teller, signal);
}

async function hasProposals(stage: Stage): Promise<boolean> {
  const { data } = await stage.as('ada').rest.pulls.list({ owner: 'acme', repo: 'models', state: 'all' });
  return data.length > 0;
}

function whatToTry(stage: Stage): void {
  const dana = stage.github.addUser({ login: 'dana' });
  const ola = stage.github.addUser({ login: 'ola' });
  const rui = stage.github.addUser({ login: 'rui' });
  const api = `${stage.github.apiUrl}/repos/acme/models`;
  teller.chapter('Your turn');
  teller.say('Read a verdict, merge #1, comment: the pages are at');
  teller.say(`  ${stage.github.url}/acme/models/pull/1`);
  teller.say('Merge the good proposal; callers come by themselves while a rollout is live:');
  teller.say(`  curl -sX PUT -H 'authorization: token ${rui.token}' ${api}/pulls/1/merge`);
  teller.say('Turn it back as the on-call engineer:');
  teller.say(
    `  curl -sX POST -H 'authorization: token ${ola.token}' ${api}/issues/1/comments -d '{"body":"/rollback biopsy because it does not feel right"}'`,
  );
  teller.say('Ask a model:');
  teller.say(
    `  curl -s ${stage.fleet.url}/v1/models/wine:predict -H 'content-type: application/json' -d '{"instances":[{"malic_acid":1.7,"ash":2.4,"alcohol":14.2,"alcalinity_of_ash":15.6,"magnesium":127,"total_phenols":2.8,"flavanoids":3.1,"nonflavanoid_phenols":0.28,"proanthocyanins":2.3,"color_intensity":5.6,"hue":1.04,"od280_od315_of_diluted_wines":3.9,"proline":1065}]}'`,
  );
  teller.say('See what runs:');
  teller.say(`  npx slipway status --fleet ${stage.fleet.adminUrl}`);
  teller.say('Propose a model of your own:');
  teller.say(`  git clone http://dana:${dana.token}@${new URL(stage.github.url).host}/acme/models.git`);
  teller.say('Ctrl-C stops everything.');
}

function summarise(figures: StoryFigures, durationMs: number, stage: Stage): void {
  teller.chapter('The story ended as told');
  teller.say(`the whole story                 ${seconds(durationMs)}`);
  teller.say(`pull request → first check run  ${figures.openToFirstCheckRunMs} ms`);
  teller.say(
    `pull request → verdict          ${Object.entries(figures.openToSummaryMs)
      .map(([key, ms]) => `(${key}) ${seconds(ms)}`)
      .join(' · ')}`,
  );
  teller.say(`merge → promoted                ${seconds(figures.mergeToPromotedMs)}`);
  teller.say(`/rollback → 0 % of traffic      ${figures.rollbackToZeroMs} ms`);
  teller.say(`/rollback → git agrees          ${seconds(figures.rollbackToAgreementMs)}`);
  teller.say(`predictions                     ${figures.predictions}, ${figures.failedPredictions} failed`);
  teller.say(`GitHub's OpenAPI                ${stage.github.violations().length} violations`);
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  because: ${told(error.cause)}`;
}

process.exitCode = await main();
