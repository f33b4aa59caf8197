// Addresses that only this machine can reach.
import ipaddr from 'ipaddr.js';

/** Whether a host name or address, as it is listened on or asked for, is one of this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (name === 'localhost') return true;
  if (!ipaddr.isValid(name)) return false;
  // 127.1 and 0x7f.1 are valid to some readers; only the four-part form is written on purpose.
  if (!name.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(name)) return false;
  return ipaddr.process(name).range() === 'loopback';
}
