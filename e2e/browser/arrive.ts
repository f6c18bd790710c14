/** What the coordinator writes when a node has run the one-liner and its agent connects. */
import { randomBytes } from 'node:crypto';
import { hashOfToken } from '@skein/control/secret/token.ts';
import { openDatabase } from '@skein/database/client.ts';
import { CHANNEL, notify } from '@skein/database/notify.ts';
import type { Fixture } from './fixture.ts';

export async function arrive(fixture: Fixture, token: string): Promise<void> {
  const database = openDatabase(fixture.databaseUrl);
  try {
    const { clusterId, organizationId } = await database.joinToken.findUniqueOrThrow({
      where: { tokenHash: hashOfToken(token) },
    });
    const { networkId, overlayCidr } = await database.cluster.findUniqueOrThrow({ where: { id: clusterId } });
    const now = new Date();
    await database.$transaction(async (tx) => {
      await tx.peer.create({
        data: {
          id: 'peer_00000000000000000000',
          organizationId,
          networkId,
          clusterId,
          name: 'node-9',
          overlayAddress: overlayCidr.replace(/0\/24$/, '9'),
          identityKey: randomBytes(32).toString('base64'),
          wireguardKey: randomBytes(32).toString('base64'),
          enrolledAt: now,
          connectedAt: now,
          lastSeenAt: now,
        },
      });
      await notify(tx, CHANNEL.presence, JSON.stringify({ networkId }));
    });
  } finally {
    await database.$disconnect();
  }
}
