-- The ledger of hotfolder 0.1.0 before its first migration; never changed.
CREATE TABLE batches (
  id VARCHAR NOT NULL,
  folder VARCHAR NOT NULL,
  base_name VARCHAR NOT NULL,
  number INTEGER NOT NULL,
  created_at VARCHAR NOT NULL,
  last_joined_at FLOAT NOT NULL,
  images INTEGER NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT one_number_per_batch UNIQUE (folder, base_name, number)
);
CREATE TABLE folders (
  name VARCHAR NOT NULL,
  in_folder VARCHAR,
  device INTEGER,
  first_scanned_at FLOAT,
  out_used BOOLEAN NOT NULL,
  PRIMARY KEY (name)
);
CREATE TABLE holds (
  scope VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  advice VARCHAR NOT NULL,
  since FLOAT NOT NULL,
  wake_at FLOAT NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (scope, kind)
);
CREATE TABLE images (
  id VARCHAR NOT NULL,
  folder VARCHAR NOT NULL,
  path VARCHAR NOT NULL,
  content_hash VARCHAR NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  content_type VARCHAR NOT NULL,
  detected_at FLOAT NOT NULL,
  state VARCHAR NOT NULL,
  state_since FLOAT NOT NULL,
  wake_at FLOAT NOT NULL,
  attempts INTEGER NOT NULL,
  looks INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  batch_id VARCHAR,
  execution_id VARCHAR,
  requested_at FLOAT,
  seen_finished_at VARCHAR,
  service_path VARCHAR,
  result_hash VARCHAR,
  result_type VARCHAR,
  result_name VARCHAR,
  result_path VARCHAR,
  credits INTEGER,
  reason VARCHAR NOT NULL,
  advice VARCHAR NOT NULL,
  note VARCHAR NOT NULL,
  delivered_at FLOAT,
  PRIMARY KEY (id),
  CONSTRAINT one_row_per_image UNIQUE (folder, path, content_hash)
);
CREATE INDEX images_by_content ON images (folder, content_hash);
CREATE INDEX images_by_result ON images (folder, result_path);
CREATE INDEX images_due ON images (folder, state, wake_at);
CREATE TABLE notices (
  folder VARCHAR NOT NULL,
  "key" VARCHAR NOT NULL,
  text VARCHAR NOT NULL,
  said_at FLOAT NOT NULL,
  PRIMARY KEY (folder, "key")
);
CREATE TABLE passed_over (
  folder VARCHAR NOT NULL,
  path VARCHAR NOT NULL,
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  PRIMARY KEY (folder, path, size_bytes, mtime_ns)
);
PRAGMA user_version=1;
