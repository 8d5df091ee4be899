import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Everything that the App is told from outside. Against github.com and against the stand-in it differs in these values only. */
export interface Config {
  readonly appId: number;
  /** PEM. */
  readonly privateKey: string;
  readonly webhookSecret: string;
  /** Without a trailing slash: `https://api.github.com`, `https://github.acme.example/api/v3`. */
  readonly githubApiUrl: string;
  /** Where people see GitHub: `https://github.com`. */
  readonly githubUrl: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where people's browsers find the dashboard; undefined: links are left out. */
  readonly publicUrl?: string;
  readonly fleet: {
    /** Where callers ask for predictions; undefined: the dashboard does not show how. */
    readonly url?: string;
    readonly adminUrl: string;
    /** Undefined: the daemon was started without one, which it allows on loopback only. */
    readonly adminToken?: string;
  };
  /** Caches: evidence, artifacts, git blobs. Nothing that matters is lost with it. */
  readonly dataFolder: string;
  readonly intervals: {
    /** Between two looks at everything that a lost webhook may have said. */
    readonly sweepMs: number;
    /** The same for comments, while a rollout is live. */
    readonly liveSweepMs: number;
    /** Between two turns of the rollouts. */
    readonly turnMs: number;
  };
  /** Writes of one installation; GitHub allows 80 a minute and 500 an hour. */
  readonly pace: { readonly writesPerMinute: number; readonly writesPerHour: number };
  readonly logLevel: LogLevel;
}

const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration from environment variables (docs/configuration.md).
 *
 * @throws one error that names every variable that is missing or wrong, with what was expected
 */
export function configOf(environment: Environment = process.env): Config {
  const problems: string[] = [];
  const text = (name: string, fallback?: string): string => {
    const value = environment[name]?.trim() || fallback;
    if (value === undefined) problems.push(`${name} is not set`);
    return value ?? '';
  };
  const whole = (name: string, fallback: number | undefined, least: number): number => {
    const value = environment[name]?.trim();
    if ((value === undefined || value === '') && fallback !== undefined) return fallback;
    const number = Number(value);
    if (value && Number.isSafeInteger(number) && number >= least) return number;
    problems.push(`${name} is ${value ? `"${value}"` : 'not set'}; a whole number of at least ${least} was expected`);
    return least;
  };
  const url = (name: string, value: string): string => {
    if (value !== '' && !/^https?:\/\/[^\s]+$/.test(value))
      problems.push(`${name} is "${value}"; an http(s) address was expected`);
    return value.replace(/\/+$/, '');
  };
  const secretFile = (name: string): string | undefined => {
    const file = environment[name]?.trim();
    if (!file) return undefined;
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      problems.push(
        `${name} names ${file}, which cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
      return '';
    }
  };
  const optionalUrl = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value ? url(name, value) : undefined;
  };
  const publicUrl = optionalUrl('PUBLIC_URL');
  const fleetUrl = optionalUrl('SLIPWAY_FLEET_URL');
  const adminToken = (secretFile('SLIPWAY_ADMIN_TOKEN_FILE') ?? environment['SLIPWAY_ADMIN_TOKEN'])?.trim();
  const githubApiUrl = url('GITHUB_API_URL', text('GITHUB_API_URL', 'https://api.github.com'));
  const level = text('LOG_LEVEL', 'info');
  const logLevel = logLevels.find((name) => name === level);
  if (logLevel === undefined) problems.push(`LOG_LEVEL is "${level}"; one of ${logLevels.join(', ')} was expected`);

  const config: Config = {
    appId: whole('APP_ID', undefined, 1),
    privateKey: privateKeyOf(secretFile('PRIVATE_KEY_PATH') ?? text('PRIVATE_KEY'), problems),
    // An empty secret would make Probot take the word "development" for one.
    webhookSecret: text('WEBHOOK_SECRET'),
    githubApiUrl,
    githubUrl: optionalUrl('GITHUB_URL') ?? websiteOf(githubApiUrl),
    host: text('HOST', '127.0.0.1'),
    port: whole('PORT', 3000, 0),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    fleet: {
      ...(fleetUrl === undefined ? {} : { url: fleetUrl }),
      adminUrl: url('SLIPWAY_FLEET_ADMIN_URL', text('SLIPWAY_FLEET_ADMIN_URL')),
      ...(adminToken ? { adminToken } : {}),
    },
    dataFolder: text('SLIPWAY_DATA', join(tmpdir(), 'slipway')),
    intervals: {
      sweepMs: whole('SLIPWAY_SWEEP_MS', 90_000, 100),
      liveSweepMs: whole('SLIPWAY_LIVE_SWEEP_MS', 15_000, 100),
      turnMs: whole('SLIPWAY_TURN_MS', 5_000, 100),
    },
    pace: {
      writesPerMinute: whole('GITHUB_WRITES_PER_MINUTE', 80, 1),
      writesPerHour: whole('GITHUB_WRITES_PER_HOUR', 500, 1),
    },
    logLevel: logLevel ?? 'info',
  };
  if (problems.length > 0) throw new Error(`The environment does not configure the App:\n- ${problems.join('\n- ')}`);
  return config;
}

/** GitHub Enterprise keeps its API under `/api/v3` of the website, github.com on a host of its own. */
function websiteOf(apiUrl: string): string {
  if (apiUrl === 'https://api.github.com') return 'https://github.com';
  return apiUrl.replace(/\/api\/v3$/, '');
}

/** One line of base64, or with `\n` written out, is how many hosts want a key in a variable. */
function privateKeyOf(value: string, problems: string[]): string {
  if (value === '') return value;
  const pem = value.includes('-----BEGIN')
    ? value.replaceAll('\\n', '\n')
    : Buffer.from(value, 'base64').toString('utf8');
  if (!/-----BEGIN (RSA )?PRIVATE KEY-----/.test(pem))
    problems.push('PRIVATE_KEY (or the file of PRIVATE_KEY_PATH) is not a private key in PEM form, nor that in base64');
  return pem;
}
