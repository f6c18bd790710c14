/** Everything behind sign-in: who is not signed in is led to the sign-in page by the first thing loaded. */

import { cookies } from 'next/headers';
import type { ReactNode } from 'react';
import { loadMe } from '../../server/load.ts';
import { Shell } from '../../ui/shell.tsx';

export default async function SignedInLayout({ children }: { children: ReactNode }) {
  const me = await loadMe();
  const theme = (await cookies()).get('skein-theme')?.value ?? 'system';
  return (
    <Shell me={me} theme={theme}>
      {children}
    </Shell>
  );
}
