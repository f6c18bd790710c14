'use client';
import { type FormEvent, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';

export function SignInForm() {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    const answer = await fetch('/api/auth/sign-in/email', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: form.get('email'), password: form.get('password') }),
    }).catch(() => null);
    if (answer?.ok) return location.assign('/');
    setBusy(false);
    setFailure(
      answer === null
        ? 'Skein does not answer. Check that it is running, then try again.'
        : answer.status === 429
          ? 'Too many attempts. Wait a minute, then try again.'
          : answer.status === 403
            ? 'This address is not the one that Skein is set up for. Open the address that `./skein up` printed.'
            : 'That e-mail address and password do not belong together.',
    );
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      <TextField label="E-mail" name="email" type="email" autoComplete="username" required />
      <TextField label="Password" name="password" type="password" autoComplete="current-password" required />
      {failure && <Notice tone="bad">{failure}</Notice>}
      <Button type="submit" look="primary" busy={busy}>
        Sign in
      </Button>
    </form>
  );
}
