import { pino } from 'pino';
import { checkModel } from '../checks/check-model.ts';
import { checks } from '../checks/index.ts';
import { localDriver } from '../serving/drivers/local.ts';
import { configOf } from './config.ts';
import { createControlPlane } from './control-plane.ts';
import { startApp } from './server.ts';

/** The App as its own process, from the environment: against github.com, GitHub Enterprise, or the stand-in of `npm start`. */
const config = configOf();
const log = pino({ level: config.logLevel });
const { adminUrl, adminToken } = config.fleet;
const fleet = localDriver({ adminUrl, ...(adminToken === undefined ? {} : { token: adminToken }) });
const plane = createControlPlane({ config, fleet, checkModel, checks, log });
const app = await startApp(config, plane);
log.info(`Slipway listens on ${app.url}`);

for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, () => {
    log.info(`${name}: ending what is under way`);
    app.stop().then(
      () => log.info('stopped'),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exitCode = 1;
      },
    );
  });

await plane.start();
