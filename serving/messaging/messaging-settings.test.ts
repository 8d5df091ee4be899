import { describe, expect, test } from 'vitest';
import { backOffMs, optionsOf } from './connect-bus.ts';
import { messagingSettingsOf } from './messaging-settings.ts';

describe('what the environment says of the bus', () => {
  test('without NATS_URL there is none, whatever else is set', () => {
    expect(messagingSettingsOf({ NATS_USER: 'ana', NATS_EVENTS: 'perhaps' })).toBeUndefined();
  });

  test('a URL is enough', () => {
    expect(messagingSettingsOf({ NATS_URL: 'nats://bus:4222' })).toEqual({
      servers: ['nats://bus:4222'],
      login: { kind: 'none' },
      inFlight: 1024,
      kept: { ackWaitMs: 30_000, maxDeliveries: 5 },
      events: false,
    });
  });

  test.each([
    [
      { NATS_USER: 'ana', NATS_PASSWORD: 'secret' },
      { kind: 'user', user: 'ana', password: 'secret' },
    ],
    [{ NATS_TOKEN: 'secret' }, { kind: 'token', token: 'secret' }],
    [{ NATS_CREDS: '/run/slipway.creds' }, { kind: 'credentials', file: '/run/slipway.creds' }],
    [{ NATS_NKEY: '/run/slipway.nk' }, { kind: 'nkey', file: '/run/slipway.nk' }],
  ] as const)('%j is a login', (environment, login) => {
    expect(messagingSettingsOf({ NATS_URL: 'bus', ...environment })?.login).toEqual(login);
  });

  test('everything that is wrong is said at once, and no password with it', () => {
    const read = () =>
      messagingSettingsOf({
        NATS_URL: 'nats://ana:secret@bus:4222,http://bus',
        NATS_USER: 'ana',
        NATS_TOKEN: 'secret',
        NATS_CREDS: 'x',
        NATS_CERT: 'c.pem',
        NATS_IN_FLIGHT: 'many',
        NATS_EVENTS: 'yes',
      });
    expect(read).toThrow(
      /found "nats:\/\/…@bus:4222"[^]*found "http:\/\/bus"[^]*NATS_PASSWORD belong[^]*only one[^]*NATS_KEY belong[^]*NATS_IN_FLIGHT[^]*NATS_EVENTS/,
    );
    expect(read).not.toThrow(/secret/);
  });

  test('requests are kept unless that is switched off', () => {
    expect(messagingSettingsOf({ NATS_URL: 'bus', NATS_ASYNC: '0' })?.kept).toBeUndefined();
  });

  test('tls:// asks for TLS and nothing less; so does a file of authorities', () => {
    const options = (environment: Readonly<Record<string, string>>) => {
      const settings = messagingSettingsOf(environment);
      return settings === undefined ? undefined : optionsOf(settings);
    };
    expect(options({ NATS_URL: 'tls://bus:4222' })).toEqual({ servers: ['bus:4222'], tls: {} });
    expect(options({ NATS_URL: 'bus', NATS_CA: 'ca.pem' })).toEqual({ servers: ['bus'], tls: { caFile: 'ca.pem' } });
    expect(options({ NATS_URL: 'nats://bus' })).toEqual({ servers: ['bus'] });
  });
});

test('a server that is away is tried again after a quarter of a second, and at last every five, spread by half', () => {
  expect([0, 1, 2, 4, 5, 1000].map((attempt) => backOffMs(attempt, 1))).toEqual([250, 500, 1000, 4000, 5000, 5000]);
  expect(backOffMs(3, 0)).toBe(1000);
});
