/** The first run. The one-time link opens the form; a used, expired or wrong one says what to do. */
import { inspectSetupLink } from '@skein/control/setup/inspect-link.ts';
import type { Metadata } from 'next';
import { running } from '../../server/api.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { Entrance } from '../../ui/entrance.tsx';
import { SetupForm } from './form.tsx';

export const metadata: Metadata = { title: 'Set up', referrer: 'no-referrer' };
export const dynamic = 'force-dynamic';

export default async function SetupPage({
  searchParams,
}: {
  searchParams: Promise<{ link?: string | string[] }>;
}) {
  const { link } = await searchParams;
  const secret = typeof link === 'string' ? link : '';
  const state = secret === '' ? 'unknown' : await inspectSetupLink(running().dependencies, secret);
  if (state === 'open')
    return (
      <Entrance title="Set up Skein" lead="You will be the owner of the organization. This link works once.">
        <SetupForm link={secret} />
      </Entrance>
    );
  if (state === 'used')
    return (
      <Entrance
        title="This link was used already"
        lead="Somebody has set Skein up with it. Sign in with that account."
      >
        <ButtonLink href="/sign-in" look="primary">
          Go to sign-in
        </ButtonLink>
      </Entrance>
    );
  return (
    <Entrance
      title={state === 'expired' ? 'This link has expired' : 'This link is not known'}
      lead={
        <>
          {state === 'expired'
            ? 'Set-up links work for 24 hours. '
            : 'Check that you copied all of it; only the newest link works. '}
          Run <code className="font-mono text-sm text-ink">./skein up</code> again: it prints a new one.
        </>
      }
    >
      <ButtonLink href="/sign-in">I have an account already</ButtonLink>
    </Entrance>
  );
}
