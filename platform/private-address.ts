import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { StillhouseError } from '../contracts/errors.ts';

const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv6');
}

/** Whether an IP address is loopback, private, link-local, multicast or otherwise not of the public internet. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  // Addresses of IPv4 in IPv6's clothes are checked as IPv4 by the list itself.
  return family === 0 || PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** A name's look-up that refuses when any of its addresses is private: done at each connect, so that no later answer of the name server slips through. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const refused = addresses.find(({ address }) => isPrivateAddress(address));
    if (refused) {
      const failure = Object.assign(new Error(`${hostname} resolves to the private address ${refused.address}`), {
        code: 'STILLHOUSE_PRIVATE_ADDRESS',
      });
      return callback(failure, '', 0);
    }
    if (options.all) return callback(null, addresses);
    callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};

/** Why an address of the configuration may not be called; null where it may, as far as can be told before a name is looked up. */
export function addressRefusal(whose: string, url: string, allowPrivate: boolean): StillhouseError | null {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (allowPrivate || isIP(host) === 0 || !isPrivateAddress(host)) return null;
  const message = `${whose} is at the private address ${host}; set allowPrivateAddress: true in stillhouse.yaml to allow it`;
  return new StillhouseError('upstream_unreachable', message, { retryable: false });
}
