/** Which machine image an instance starts from: Debian 12, named by Debian's own public SSM parameter. */
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import type { CallContext } from '../provider.ts';
import { ask, required } from './ask.ts';
import type { Connection } from './connection.ts';

/** Graviton families have a `g` behind their generation (`t4g`, `c7gn`, `im4gn`), and `a1` is the first of them. */
export function architectureOf(instanceType: string): 'amd64' | 'arm64' {
  const family = instanceType.split('.')[0] ?? '';
  return /^(a1|[a-z]+\d+[a-z]*g[a-z]*)$/.test(family) ? 'arm64' : 'amd64';
}

export async function imageFor(
  { ssm }: Connection,
  instanceType: string,
  context: CallContext,
): Promise<string> {
  const Name = `/aws/service/debian/release/12/latest/${architectureOf(instanceType)}`;
  const answer = await ask('asking for the Debian image', context, (o) =>
    ssm.send(new GetParameterCommand({ Name }), o),
  );
  return required(answer.Parameter?.Value, 'an image id');
}
