import { useSession } from '../api/session.ts';
import { SignInCard } from './sign-in-card.tsx';

/** The console behind the key: the card where there is none, or where it was refused. */
export function SignInGate({ children }: { children: React.ReactNode }) {
  const { apiKey, refusal } = useSession();
  return apiKey ? children : <SignInCard refusal={refusal} />;
}
