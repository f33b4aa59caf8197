// The schema of a server that was there before its database was: made when somebody asks and the database has become ready.
import './quiet.ts';
import type pg from 'pg';
import { makeSchema } from 'postgraphile';
import type { GraphQLSchema } from 'postgraphile/graphql';
import { isTransient } from '../../db/pool.ts';
import { describeLag } from '../../db/schema_version.ts';
import { NotMigratedError } from '../../errors.ts';
import type { Logger } from '../../log.ts';

interface LateSchemaOptions {
  pool: pg.Pool;
  log: Logger;
  preset: GraphileConfig.Preset;
  /** Serves a schema from now on. */
  serve(schema: GraphQLSchema): void;
}

export class LateSchema {
  readonly #options: LateSchemaOptions;
  #made = false;
  #making: Promise<void> | undefined;

  constructor(options: LateSchemaOptions) {
    this.#options = options;
  }

  /** Takes the first try: that the database is not ready is no reason not to start; everything else is. */
  async begin(first: unknown): Promise<void> {
    try {
      await first;
      this.#made = true;
    } catch (error) {
      if (!(error instanceof NotMigratedError) && !isTransient(error)) throw error;
      this.#options.log.warn({ err: error }, 'GraphQL waits for the database to be ready');
    }
  }

  /**
   * Resolves once there is a schema.
   * @throws NotMigratedError (CH031), or why the database cannot be reached
   */
  async ready(): Promise<void> {
    if (this.#made) return;
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    await this.#making;
  }

  async #make(): Promise<void> {
    const { pool, preset, serve } = this.#options;
    const lag = await describeLag(pool);
    if (lag !== undefined) throw lag;
    const { schema } = await makeSchema(preset);
    serve(schema);
    this.#made = true;
  }
}
