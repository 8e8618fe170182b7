-- Whether the grant that allowed a request lets its channel read names of objects.
ALTER TABLE requests ADD COLUMN objects BOOLEAN NOT NULL DEFAULT FALSE;
