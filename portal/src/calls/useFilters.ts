import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type Filters, readFilters } from './filters';

/** The filters of the address, and a function that changes them. An open call stays open. */
export function useFilters(): [Filters, (changed: Filters) => void, (all: Filters) => void] {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const written = JSON.stringify(search);
  const filters = useMemo(() => readFilters(JSON.parse(written)), [written]);
  const replace = (all: Filters) => void navigate({ to: '.', search: readFilters(all) });
  return [filters, (changed) => replace({ ...filters, ...changed }), replace];
}
