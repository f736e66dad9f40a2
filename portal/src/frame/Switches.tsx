import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useLanguage, useWords } from '../words/words';
import { Icon } from './Icon';

export function LanguageSwitch() {
  const { language, choose } = useLanguage();
  const other = language === 'sv' ? 'en' : 'sv';
  const name = other === 'sv' ? 'På svenska' : 'In English';
  return (
    <Tooltip label={name}>
      <ActionIcon variant="subtle" color="gray" aria-label={name} lang={other} onClick={() => choose(other)}>
        <b className="language">{other}</b>
      </ActionIcon>
    </Tooltip>
  );
}

export function SchemeSwitch() {
  const words = useWords();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const name = scheme === 'light' ? words.dark : words.light;
  return (
    <Tooltip label={name}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={name}
        onClick={() => setColorScheme(scheme === 'light' ? 'dark' : 'light')}
      >
        <Icon name={scheme === 'light' ? 'moon' : 'sun'} />
      </ActionIcon>
    </Tooltip>
  );
}
