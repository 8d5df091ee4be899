import { expect, test } from 'vitest';
import { isPublicAddress, isPublicHost } from './public-host.ts';

test.each([
  'localhost',
  'LOCALHOST.',
  'a.localhost',
  'printer.local',
  'metadata.google.internal',
  'intranet',
  '127.0.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '127.1',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '224.0.0.1',
  '192.0.2.1',
  '[::1]',
  '::',
  '[::ffff:127.0.0.1]',
  '[::ffff:10.0.0.1]',
  '[fe80::1]',
  'fc00::1',
  'fd00:ec2::254',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  'ff02::1',
  '2001:db8::1',
  '999.1.1.1',
  '',
])('%s is never fetched from', (host) => {
  expect(isPublicHost(host)).toBe(false);
});

test.each(['models.acme.example.com', '8.8.8.8', '[2606:4700:4700::1111]', '134744072', 'xn--bcher-kva.example.com'])(
  '%s may be public',
  (host) => {
    expect(isPublicHost(host)).toBe(true);
  },
);

test('what a name resolved to is judged by itself', () => {
  expect(isPublicAddress('169.254.169.254')).toBe(false);
  expect(isPublicAddress('::ffff:192.168.0.1')).toBe(false);
  expect(isPublicAddress('8.8.4.4')).toBe(true);
  expect(isPublicAddress('not an address')).toBe(false);
});
