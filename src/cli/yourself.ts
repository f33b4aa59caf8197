// Who is meant where nobody is named.
import type pg from 'pg';
import { userName } from './connect.ts';

/** The id of whoever `chime chat` takes for the same person; they appear when seen first. */
export async function yourself(pool: pg.Pool): Promise<string> {
  const name = userName() ?? 'you';
  const { rows } = await pool.query<{ id: string }>(
    "select s.user_id as id from chime_private.sign_in(chime.current_tenant()::text, 'terminal:' || $1, 'user', $1) s",
    [name],
  );
  return rows[0]?.id as string;
}
