import type { Metadata } from 'next';
import { Entrance } from '../../ui/entrance.tsx';
import { SignInForm } from './form.tsx';

export const metadata: Metadata = { title: 'Sign in' };
export const dynamic = 'force-dynamic';

export default function SignIn() {
  return (
    <Entrance title="Sign in" lead="To the people and clouds of your organization.">
      <SignInForm />
    </Entrance>
  );
}
