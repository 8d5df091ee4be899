import { pino } from 'pino';
import { checkModel } from '../checks/check-model.ts';
import { checks } from '../checks/index.ts';
import { localDriver } from '../serving/drivers/local.ts';
import { configOf } from './config.ts';
import { createControlPlane } from './control-plane.ts';
import { createDashboard } from './dashboard/dashboard.ts';
import { createDashboardSource } from './dashboard-source/create-dashboard-source.ts';
import { sourceProjectOf } from './dashboard-source/source-project-of.ts';
import { startApp } from './server.ts';

/** The App as its own process, from the environment: against github.com, GitHub Enterprise, or the stand-in of `npm start`. */
const config = configOf();
const log = pino({ level: config.logLevel });
const { adminUrl, adminToken } = config.fleet;
const fleet = localDriver({ adminUrl, ...(adminToken === undefined ? {} : { token: adminToken }) });
const stopping = new AbortController();
const plane = createControlPlane({
  config,
  fleet,
  checkModel,
  checks,
  log,
  onChange: (change) => source.changed(change),
});
const source = createDashboardSource({
  projects: () => plane.projects().map(sourceProjectOf),
  fleet,
  githubUrl: config.githubUrl,
  now: () => new Date(),
  onError: (error, what) => log.error({ err: error }, `${what} failed`),
  signal: stopping.signal,
  ...(config.fleet.url === undefined ? {} : { fleetUrl: config.fleet.url }),
});
const dashboard = createDashboard({
  source,
  publicUrl: config.publicUrl ?? `http://${config.host}:${config.port}`,
  githubUrl: config.githubUrl,
  onError: (error, reference) => log.error({ err: error, reference }, 'a page of the dashboard failed'),
  signal: stopping.signal,
});
const app = await startApp(config, { ...plane, stop: (limitMs) => plane.stop(limitMs), routes: dashboard });
log.info(`Slipway listens on ${app.url}`);

for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, () => {
    log.info(`${name}: ending what is under way`);
    stopping.abort();
    app.stop().then(
      () => log.info('stopped'),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exitCode = 1;
      },
    );
  });

await plane.start();
