# A cache by tenant and URL. It verifies nothing: the tenant is what the client's header says.
vcl 4.1;

backend origin {
    .host = "127.0.0.1";
    .port = "{origin}";
}

sub vcl_recv {
    # By default Varnish passes on whatever carries a token.
    return (hash);
}

sub vcl_hash {
    hash_data(req.http.X-Tenant-Id);
    hash_data(req.url);
    return (lookup);
}

sub vcl_backend_response {
    set beresp.ttl = 10m;
    set beresp.grace = 10m;
    return (deliver);
}
