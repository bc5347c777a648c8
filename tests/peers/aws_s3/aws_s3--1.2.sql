-- The functions with the signatures of RDS.  Each public one runs with its caller's rights and calls
-- one of schema aws_s3_peer, which may read and write files of the server and reaches S3 through
-- the agent of tests/peers/rds.py.
CREATE SCHEMA aws_s3_peer;
GRANT USAGE ON SCHEMA aws_s3_peer TO PUBLIC;

-- One question to the agent; its answer may have a member error, which fail() raises where no text of
-- PL/Python stands around it.  A SELECT now and then sees a cancel.
CREATE FUNCTION aws_s3_peer.ask(question text) RETURNS text LANGUAGE plpython3u AS $$
import os, socket
agent = socket.socket(socket.AF_UNIX)
agent.connect(os.path.join(os.path.dirname(os.getcwd()), "agent.sock"))
agent.sendall(question.encode() + b"\n")
agent.settimeout(0.1)
answer = b""
while not answer.endswith(b"\n"):
    try:
        part = agent.recv(65536)
    except socket.timeout:
        plpy.execute("SELECT pg_sleep(0)")
        continue
    if not part:
        plpy.error("the agent of the peer went away")
    answer += part
agent.close()
return answer.decode()
$$;

CREATE FUNCTION aws_s3_peer.fail(answer jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	e jsonb := answer -> 'error';
BEGIN
	IF e ->> 'hint' IS NOT NULL THEN
		RAISE EXCEPTION USING MESSAGE = e ->> 'message', HINT = e ->> 'hint', ERRCODE = e ->> 'sqlstate';
	ELSIF e ->> 'message' IS NOT NULL THEN
		RAISE EXCEPTION USING MESSAGE = e ->> 'message', DETAIL = e ->> 'detail',
			ERRCODE = e ->> 'sqlstate';
	END IF;
END $$;

-- COPY to a file, the file to S3.
CREATE FUNCTION aws_s3_peer.export(query text, bucket text, file_path text, region text, options text,
	kms_key text) RETURNS text LANGUAGE plpython3u SECURITY DEFINER AS $$
import json, os, tempfile
ask = plpy.prepare("SELECT aws_s3_peer.ask($1) AS answer", ["text"])
def agent(**question):
    return json.loads(plpy.execute(ask, [json.dumps(question)])[0]["answer"])
where = {"bucket": bucket, "key": file_path, "region": region, "kms_key": kms_key}
may = agent(op="may_export", **where)
if "error" in may:
    return json.dumps(may)
handle, path = tempfile.mkstemp(dir=os.path.join(os.path.dirname(os.getcwd()), "exports"))
os.close(handle)
os.chmod(path, 0o644)
try:
    done = plpy.execute("COPY (%s\n) TO %s%s" % (
        query, plpy.quote_literal(path), " WITH (%s)" % options if options else ""))
    csv = "csv" in (options or "").lower()
    up = agent(op="export", path=path, csv=csv, header=csv and "header" in options.lower(), **where)
    return json.dumps({"rows": done.nrows(), **up})
finally:
    os.unlink(path)
$$;

-- The file from S3, COPY from it.
CREATE FUNCTION aws_s3_peer.import(table_name text, column_list text, options text, bucket text,
	file_path text, region text, access_key text, secret_key text, session_token text) RETURNS text
LANGUAGE plpython3u SECURITY DEFINER AS $$
import json
ask = plpy.prepare("SELECT aws_s3_peer.ask($1) AS answer", ["text"])
got = json.loads(plpy.execute(ask, [json.dumps({
    "op": "import", "bucket": bucket, "key": file_path, "region": region,
    "keys": [access_key, secret_key, session_token] if access_key else None})])[0]["answer"])
if "error" in got:
    return json.dumps(got)
try:
    done = plpy.execute("COPY %s%s FROM %s%s" % (
        table_name, " (%s)" % column_list if column_list else "",
        plpy.quote_literal(got["path"]), " WITH %s" % options if options else ""))
finally:
    plpy.execute(ask, [json.dumps({"op": "forget", "path": got["path"]})])
return json.dumps({"said": '%d rows imported into relation "%s" from file %s of %d bytes' % (
    done.nrows(), table_name, file_path, got["bytes"])})
$$;

-- EXPLAIN meets every right that the query needs, as the caller.
CREATE FUNCTION aws_s3.query_export_to_s3(query text, bucket text, file_path text,
	region text DEFAULT NULL, options text DEFAULT NULL, kms_key text DEFAULT NULL,
	OUT rows_uploaded bigint, OUT files_uploaded bigint, OUT bytes_uploaded bigint)
LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
BEGIN
	EXECUTE 'EXPLAIN ' || query;
	answer := aws_s3_peer.export(query, bucket, file_path, region, options, kms_key);
	PERFORM aws_s3_peer.fail(answer);
	rows_uploaded := answer ->> 'rows';
	files_uploaded := answer ->> 'files';
	bytes_uploaded := answer ->> 'bytes';
END $$;

CREATE FUNCTION aws_s3.query_export_to_s3(query text, s3_info aws_commons._s3_uri_1,
	options text DEFAULT NULL, kms_key text DEFAULT NULL,
	OUT rows_uploaded bigint, OUT files_uploaded bigint, OUT bytes_uploaded bigint)
LANGUAGE plpgsql AS $$
BEGIN
	SELECT e.* INTO rows_uploaded, files_uploaded, bytes_uploaded
	FROM aws_s3.query_export_to_s3(query, s3_info.bucket, s3_info.file_path, s3_info.region, options,
		kms_key) AS e;
END $$;

CREATE FUNCTION aws_s3.table_import_from_s3(table_name text, column_list text, options text,
	bucket text, file_path text, region text, access_key text DEFAULT NULL,
	secret_key text DEFAULT NULL, session_token text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
BEGIN
	IF NOT has_table_privilege(table_name::regclass, 'INSERT') THEN
		RAISE 'permission denied for table %', table_name USING ERRCODE = 'insufficient_privilege';
	END IF;
	answer := aws_s3_peer.import(table_name, column_list, options, bucket, file_path, region, access_key,
		secret_key, session_token);
	PERFORM aws_s3_peer.fail(answer);
	RETURN answer ->> 'said';
END $$;

CREATE FUNCTION aws_s3.table_import_from_s3(table_name text, column_list text, options text,
	s3_info aws_commons._s3_uri_1, credentials aws_commons._aws_credentials_1 DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN aws_s3.table_import_from_s3(table_name, column_list, options, s3_info.bucket,
		s3_info.file_path, s3_info.region, credentials.access_key, credentials.secret_key,
		credentials.session_token);
END $$;

REVOKE EXECUTE ON FUNCTION aws_s3_peer.ask(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA aws_s3 TO rds_superuser WITH GRANT OPTION;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3 FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3 TO rds_superuser WITH GRANT OPTION;
