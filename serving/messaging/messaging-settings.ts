/** How a replica reaches the bus and what it does there. Comes from the environment (serving/config.ts), over the daemon. */
export interface MessagingSettings {
  /** `host:port`, each with or without `nats://` or `tls://`. */
  readonly servers: readonly string[];
  readonly login: Login;
  /** Paths of PEM files; undefined: what the server asks for, with the system's authorities. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** More requests than this at once are answered with 429. */
  readonly inFlight: number;
  /** Undefined: requests are answered, none is kept. */
  readonly kept?: KeptSettings;
  /** Whether predictions are published as CloudEvents. */
  readonly events: boolean;
}

/** What becomes of requests that are kept until they are answered. */
export interface KeptSettings {
  /** A request that nobody has reported on for so long is given to another replica. */
  readonly ackWaitMs: number;
  /** After so many it is a dead letter. */
  readonly maxDeliveries: number;
}

export type Login =
  | { readonly kind: 'none' }
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  /** Path of a `.creds` file. */
  | { readonly kind: 'credentials'; readonly file: string }
  /** Path of a file with an NKEY seed. */
  | { readonly kind: 'nkey'; readonly file: string };

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_IN_FLIGHT = 1024;
const DEFAULT_ACK_WAIT_SECONDS = 30;
const DEFAULT_MAX_DELIVERIES = 5;
const MS_A_SECOND = 1000;

/** Settings as the environment says; undefined without NATS_URL. Throws an error that names all that is wrong. */
export function messagingSettingsOf(environment: Environment): MessagingSettings | undefined {
  const problems: string[] = [];
  const given = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const count = (name: string, otherwise: number): number => {
    const text = given(name);
    if (text === undefined) return otherwise;
    if (!/^[1-9]\d{0,6}$/.test(text)) problems.push(`${name} must be a whole number from 1, found "${text}"`);
    return Number(text);
  };
  const isOn = (name: string, otherwise: boolean): boolean => {
    const text = given(name);
    if (text !== undefined && text !== '0' && text !== '1') problems.push(`${name} must be 0 or 1, found "${text}"`);
    return text === undefined ? otherwise : text === '1';
  };
  const url = given('NATS_URL');
  if (url === undefined) return undefined;
  const servers = url.split(',').map((server) => server.trim());
  for (const server of servers)
    if (!/^((nats|tls):\/\/)?[^\s/:@]+(:\d{1,5})?$|^((nats|tls):\/\/)?\[[0-9a-fA-F:]+\](:\d{1,5})?$/.test(server))
      problems.push(
        `NATS_URL must be nats://HOST:PORT or tls://HOST:PORT, several of them with commas between, found "${server.replace(/\/\/.*@/, '//…@')}"; who connects is said by NATS_USER, NATS_TOKEN, NATS_CREDS or NATS_NKEY`,
      );
  const login = loginOf(given, problems);
  const [caFile, certFile, keyFile] = [given('NATS_CA'), given('NATS_CERT'), given('NATS_KEY')];
  if ((certFile === undefined) !== (keyFile === undefined)) problems.push('NATS_CERT and NATS_KEY belong together');
  const tls = {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
  const settings: MessagingSettings = {
    servers,
    login,
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    inFlight: count('NATS_IN_FLIGHT', DEFAULT_IN_FLIGHT),
    ...(isOn('NATS_ASYNC', true)
      ? {
          kept: {
            ackWaitMs: count('NATS_ACK_WAIT_SECONDS', DEFAULT_ACK_WAIT_SECONDS) * MS_A_SECOND,
            maxDeliveries: count('NATS_MAX_DELIVERIES', DEFAULT_MAX_DELIVERIES),
          },
        }
      : {}),
    events: isOn('NATS_EVENTS', false),
  };
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return settings;
}

function loginOf(given: (name: string) => string | undefined, problems: string[]): Login {
  const [user, password] = [given('NATS_USER'), given('NATS_PASSWORD')];
  const [token, credentials, nkey] = [given('NATS_TOKEN'), given('NATS_CREDS'), given('NATS_NKEY')];
  if ((user === undefined) !== (password === undefined)) problems.push('NATS_USER and NATS_PASSWORD belong together');
  const ways: readonly Login[] = [
    ...(user === undefined || password === undefined ? [] : [{ kind: 'user', user, password } as const]),
    ...(token === undefined ? [] : [{ kind: 'token', token } as const]),
    ...(credentials === undefined ? [] : [{ kind: 'credentials', file: credentials } as const]),
    ...(nkey === undefined ? [] : [{ kind: 'nkey', file: nkey } as const]),
  ];
  if (ways.length > 1) problems.push('of NATS_USER, NATS_TOKEN, NATS_CREDS and NATS_NKEY only one may be given');
  return ways[0] ?? { kind: 'none' };
}
