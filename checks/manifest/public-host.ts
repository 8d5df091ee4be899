import ipaddr from 'ipaddr.js';

/** Names that never leave a machine or its network (RFC 6761, RFC 6762, RFC 8375, and what clouds call their metadata). */
const privateSuffixes = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
  'home.arpa',
  'test',
  'invalid',
  'onion',
  'localdomain',
];

/**
 * Whether a host may be the public one that it claims to be, by its name alone. A name can still resolve to a private
 * address: who connects asks `isPublicAddress` of what the name resolved to.
 */
export function isPublicHost(host: string): boolean {
  const name = plainNameOf(host);
  return !isPrivateHost(host) && (ipaddr.isValid(name) || name.includes('.'));
}

/** Whether a name is a private address or one of a private network: never fetched from, whoever lists it. */
export function isPrivateHost(host: string): boolean {
  const name = plainNameOf(host);
  // Also 2130706433, 0x7f.1 and 0177.0.0.1: what `inet_aton` reads as an address is one.
  if (ipaddr.isValid(name)) return !isPublicAddress(name);
  if (/^[0-9.]*$/.test(name) || /^0x/i.test(name)) return true;
  return privateSuffixes.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
}

function plainNameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

/** Whether an IP address is one of the public internet: not private, loopback, link-local, mapped or translated into such. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ipaddr.process(address).range() === 'unicast';
}
