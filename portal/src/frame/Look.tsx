import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import type { ReactNode } from 'react';
import { Notices } from './notify';
import { theme, variables } from './theme';

const colorScheme = localStorageColorSchemeManager({ key: 'look' });

export function Look({ children }: { children: ReactNode }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      colorSchemeManager={colorScheme}
      defaultColorScheme="auto"
    >
      {children}
      <Notices />
    </MantineProvider>
  );
}
