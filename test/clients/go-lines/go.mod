module weft/test/clients/lines

go 1.25.0
