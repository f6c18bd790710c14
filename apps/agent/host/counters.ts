/** What the kernel counts of this network namespace's interfaces. */
import { readFileSync } from 'node:fs';

export interface InterfaceCounters {
  sentBytes: number;
  sentPackets: number;
  receivedPackets: number;
}

/**
 * Every interface by name. One read for all of them; and other than /sys, which belongs to the namespace that mounted
 * it, /proc/net always tells of the reader's own.
 */
export function readCounters(): Map<string, InterfaceCounters> {
  return parseCounters(readFileSync('/proc/net/dev', 'utf8'));
}

/** Reads /proc/net/dev: two lines of head, then a line an interface, eight fields received and eight sent (proc(5)). */
export function parseCounters(text: string): Map<string, InterfaceCounters> {
  return new Map(
    text.split('\n').flatMap((line): [string, InterfaceCounters][] => {
      const [, name = '', rest = ''] = /^\s*([^\s|]+):(.*)$/.exec(line) ?? [];
      const fields = rest.trim().split(/\s+/).map(Number);
      const [receivedPackets, sentBytes, sentPackets] = [fields[1], fields[8], fields[9]];
      if (receivedPackets === undefined || sentBytes === undefined || sentPackets === undefined) return [];
      return [[name, { sentBytes, sentPackets, receivedPackets }]];
    }),
  );
}
