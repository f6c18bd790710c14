/** A DNS service whose SDK is loaded with its first call: a process that only shows forms need not carry it. */
import type { Dns } from './provider.ts';

/** @param open is called once, with the first call. */
export function lateDns(open: () => Promise<Dns>): Dns {
  let opened: Promise<Dns> | undefined;
  const dns = () => {
    opened ??= open();
    return opened;
  };
  return {
    observeZone: async (...call) => (await dns()).observeZone(...call),
    reconcileZone: async (...call) => (await dns()).reconcileZone(...call),
    deleteZone: async (...call) => (await dns()).deleteZone(...call),
    listZones: async (...call) => (await dns()).listZones(...call),
    listRecords: async (...call) => (await dns()).listRecords(...call),
    reconcileRecords: async (...call) => (await dns()).reconcileRecords(...call),
  };
}
