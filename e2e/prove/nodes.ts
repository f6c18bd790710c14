/** Adds a node through the API and removes it again: is it seen in every affected agent, in packets and in DNS? */

import { setTimeout as delay } from 'node:timers/promises';
import { Operation } from '@skein/contract/rest/operation.ts';
import type { Api } from '@skein/local/api.ts';
import { followOperation } from '@skein/local/demo/practice.ts';
import type { LabControl } from '@skein/local/lab.ts';
import { tryNodes, tryZones } from './names.ts';
import { readSite, type Seat, type Site } from './site.ts';

const SETTLE_SECONDS = 20;

/** Overlay addresses to which an agent holds tunnels, from its own mouth. */
async function tunnelsOf(lab: LabControl, seat: Seat): Promise<string> {
  const status = await lab.run(seat.machine.id, ['/usr/local/bin/skein-agent', 'status', '-o', 'json'], 15);
  if (status.exit !== 0) throw new Error(`skein-agent status on ${seat.fqdn}: ${status.stderr.trim()}`);
  return status.stdout;
}

/** Tries until `look` finds nothing wrong or the time is over; answers what was wrong at last. */
export async function settled(look: () => Promise<string[]>): Promise<string[]> {
  const until = Date.now() + SETTLE_SECONDS * 1000;
  for (;;) {
    const wrong = await look();
    if (wrong.length === 0 || Date.now() > until) return wrong;
    await delay(500);
  }
}

async function namesWrong(lab: LabControl, site: Site): Promise<string[]> {
  return [...(await tryNodes(lab, site)).wrong, ...(await tryZones(lab, site)).wrong];
}

/** @returns what was wrong after the addition and after the removal, and the node's name */
export async function addAndRemoveNode(api: Api, lab: LabControl, before: Site, say: (line: string) => void) {
  const cluster = before.clusters[0] as Site['clusters'][0];
  const adding = await api.call('POST', `/clusters/${cluster.id}/nodes`, Operation, { count: 1 });
  await followOperation(api, adding.id, 120, say);
  const during = await readSite(api, lab, before.network.id);
  const added = during.seats.find((seat) => !before.seats.some((old) => old.peer.id === seat.peer.id));
  if (!added) throw new Error('The operation succeeded, yet the API lists no new peer');
  const mates = during.seats.filter((seat) => seat.cluster.id === cluster.id && seat !== added);
  const far = during.seats.find(
    (seat) => seat.cluster.id !== cluster.id && seat.peer.role === 'member',
  ) as Seat;
  const { overlayAddress } = added.peer;
  const name = added.fqdn;

  const wrongAfterAdding = await settled(async () => {
    const unseen: string[] = [];
    for (const mate of mates) {
      if (!(await tunnelsOf(lab, mate)).includes(overlayAddress))
        unseen.push(`${mate.fqdn} holds no tunnel to ${name}`);
    }
    const ping = await lab.run(far.machine.id, ['ping', '-n', '-c', '1', '-W', '2', overlayAddress], 10);
    if (ping.exit !== 0) unseen.push(`${far.fqdn} does not reach ${name}`);
    return [...unseen, ...(await namesWrong(lab, during))];
  });

  const removing = await api.call('DELETE', `/peers/${added.peer.id}`, Operation);
  await followOperation(api, removing.id, 120, say);
  const after = await readSite(api, lab, before.network.id);
  const wrongAfterRemoving = await settled(async () => {
    const seen: string[] = [];
    for (const mate of mates) {
      if ((await tunnelsOf(lab, mate)).includes(overlayAddress))
        seen.push(`${mate.fqdn} still holds a tunnel to ${name}`);
      const answer = await lab.run(mate.machine.id, ['dig', '+short', '+time=3', 'A', name], 10);
      if (answer.stdout.trim() !== '') seen.push(`${mate.fqdn} still resolves ${name}`);
    }
    const stray = (await lab.machines()).filter(
      (machine) => machine.id === added.machine.id && machine.state === 'running',
    );
    if (stray.length > 0) seen.push(`the instance of ${name} still runs`);
    return [...seen, ...(await namesWrong(lab, after))];
  });
  return { name, wrongAfterAdding, wrongAfterRemoving };
}
