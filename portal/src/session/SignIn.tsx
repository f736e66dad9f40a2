import { Button } from '@mantine/core';
import { useState } from 'react';
import { useApp } from '../app';
import { Brand } from '../frame/Brand';
import { LanguageSwitch, SchemeSwitch } from '../frame/Switches';
import { useWords } from '../words/words';

export function SignIn() {
  const { session } = useApp();
  const words = useWords();
  const [going, setGoing] = useState(false);
  const go = () => {
    setGoing(true);
    session.signIn(location.pathname + location.search).catch(() => setGoing(false));
  };
  return (
    <main className="alone sign-in">
      <div className="sign-in-card">
        <Brand />
        <h1>{words.signInPage.title}</h1>
        <p>{words.signInPage.text}</p>
        <Button size="md" fullWidth loading={going} onClick={go}>
          {words.signIn}
        </Button>
      </div>
      <div className="switches">
        <LanguageSwitch />
        <SchemeSwitch />
      </div>
    </main>
  );
}
