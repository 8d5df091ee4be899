import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { configOf } from './config.ts';

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ format: 'pem', type: 'pkcs1' })
  .toString();
const least = {
  APP_ID: '7',
  PRIVATE_KEY: pem,
  WEBHOOK_SECRET: 'x',
  SLIPWAY_FLEET_ADMIN_URL: 'http://127.0.0.1:8003/',
};

describe('the configuration of the App', () => {
  it('needs four values; the rest is github.com', () => {
    expect(configOf(least)).toMatchObject({
      appId: 7,
      githubApiUrl: 'https://api.github.com',
      githubUrl: 'https://github.com',
      host: '127.0.0.1',
      port: 3000,
      fleet: { adminUrl: 'http://127.0.0.1:8003' },
      pace: { writesPerMinute: 80, writesPerHour: 500 },
    });
  });

  it('finds the website of a GitHub Enterprise', () => {
    expect(configOf({ ...least, GITHUB_API_URL: 'https://git.acme.example/api/v3/' })).toMatchObject({
      githubApiUrl: 'https://git.acme.example/api/v3',
      githubUrl: 'https://git.acme.example',
    });
  });

  it.each([
    ['lines', pem],
    ['\\n written out', pem.replaceAll('\n', '\\n')],
    ['base64', Buffer.from(pem).toString('base64')],
  ])('takes a private key in %s', (_, key) => {
    expect(configOf({ ...least, PRIVATE_KEY: key }).privateKey.trim()).toBe(pem.trim());
  });

  it('tells everything that is wrong at once', () => {
    const wrong = {
      APP_ID: 'seven',
      PRIVATE_KEY: 'no key',
      WEBHOOK_SECRET: ' ',
      PORT: '-1',
      GITHUB_API_URL: 'github.com',
      LOG_LEVEL: 'loud',
    };
    const names = [
      'APP_ID',
      'PRIVATE_KEY',
      'WEBHOOK_SECRET',
      'PORT',
      'GITHUB_API_URL',
      'LOG_LEVEL',
      'SLIPWAY_FLEET_ADMIN_URL',
    ];
    for (const name of names) expect(() => configOf(wrong)).toThrow(new RegExp(`- ${name}`));
  });
});
