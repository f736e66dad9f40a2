// How the caller's organisation writes telephone numbers.

import { useNumbers, written } from '../phone';
import { useMe } from './me';

export function useWritten(): (number: string) => string {
  useNumbers();
  const { country } = useMe().organisation;
  return (number) => written(number, country);
}
