module innkeeper.dev/bench/webhook_go

go 1.26.0
