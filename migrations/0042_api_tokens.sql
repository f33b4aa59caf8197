-- Up Migration

create type chime.access_role as enum ('user', 'admin', 'reporter');
comment on type chime.access_role is 'As what somebody acts: user = with what is their own; admin = with all of the tenant; reporter = reads all of the tenant.';

create table chime.api_tokens (
  id uuid primary key,
  tenant_id uuid not null references chime.tenants (id),
  user_id uuid,
  role chime.access_role not null,
  name text not null check (length(name) between 1 and 200),
  prefix text not null,
  hash bytea not null unique check (length(hash) = 32),
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  foreign key (tenant_id, user_id) references chime.users (tenant_id, id),
  constraint api_tokens_user_of_role check (role <> 'user' or user_id is not null)
);
create index api_tokens_of_tenant on chime.api_tokens (tenant_id, id);
comment on table chime.api_tokens is 'Tokens by which programs sign in. The secret is shown once, when the token is made; here is only its hash.';
comment on column chime.api_tokens.user_id is 'The user as whom it acts; null = none in particular.';
comment on column chime.api_tokens.role is 'As what it acts.';
comment on column chime.api_tokens.name is 'What it is for.';
comment on column chime.api_tokens.prefix is 'The first characters of the secret, by which a person recognises it.';
comment on column chime.api_tokens.hash is 'The SHA-256 of the secret.';
comment on column chime.api_tokens.created_by is 'Who made it.';
comment on column chime.api_tokens.expires_at is 'From when on it is refused; null = never.';
comment on column chime.api_tokens.last_used_at is 'When it was used last, to within five minutes.';
comment on column chime.api_tokens.revoked_at is 'When it was revoked: it is refused since then.';
